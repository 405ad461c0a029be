variable "enabled" {
  type    = bool
  default = true
}

variable "namespace" {
  type = string
}

variable "stage" {
  type = string
}

variable "region" {
  type = string
}

variable "name" {
  type = string
}

variable "engine" {
  type = string
}

variable "storage" {
  type        = number
  description = "Gigabytes."
}

variable "tags" {
  type    = map(string)
  default = {}
}
